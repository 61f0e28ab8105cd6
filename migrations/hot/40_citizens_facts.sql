-- What the conditions of a round look at, one row a citizen in the order given; nulls for an unknown citizen.
create or replace function citizens.facts(p_cell int, p_citizen uuid[])
returns table (ord bigint, state text, born_on date, card_issuers text[]) language sql stable as $$
    select u.ord, c.state, c.born_on, c.card_issuers
      from unnest(p_citizen) with ordinality as u(citizen_id, ord)
      left join citizens.citizen c on c.cell = p_cell and c.citizen_id = u.citizen_id
$$;
