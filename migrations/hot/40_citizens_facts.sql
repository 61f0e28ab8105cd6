-- What the conditions of a round look at, one row a citizen in the order given; nulls for an unknown citizen.
-- Verified names and cards are read where `p_asks`.
create or replace function citizens.facts(p_cell int, p_citizen uuid[], p_asks boolean default false)
returns table (ord bigint, state text, born_on date, card_issuers text[], real_name boolean, social_card boolean,
               card_bins text[], bank_since jsonb) language sql stable as $$
    select u.ord, c.state, c.born_on, c.card_issuers, case when p_asks then c.real_name_at is not null end,
           case when p_asks then c.social_card_at is not null end, case when p_asks then c.card_bins end,
           case when p_asks then c.bank_since end
      from unnest(p_citizen) with ordinality as u(citizen_id, ord)
      left join citizens.citizen c on c.cell = p_cell and c.citizen_id = u.citizen_id
$$;
