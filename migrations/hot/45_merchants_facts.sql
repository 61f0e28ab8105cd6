-- Whether vouchers of public money may be used under a licence: not without one, nor under one that was cancelled or
-- revoked, nor under one that is barred (unless an innocent successor holds it now).
create or replace function merchants.may_take_subsidies(p_licence text, p_now timestamptz)
returns boolean language sql stable as $$
    select p_licence <> ''
       and not exists (select from merchants.licence l
                        where l.licence_no = p_licence and l.status in ('cancelled', 'revoked'))
       and not exists (select from merchants.listing g
                        where g.licence_no = p_licence and g.state = 'listed' and g.level = 'barred'
                          and g.spared_at is null and g.starts_at <= p_now and (g.ends_at is null or g.ends_at > p_now))
$$;

-- What a payment needs to know of its store, one row a store in the order given.
create or replace function merchants.store_facts(p_store uuid[], p_now timestamptz)
returns table (ord bigint, state text, industry text, mcc text, adcode text, hardship boolean, acquirer text,
               licence_no text, lon double precision, lat double precision, groups text[], may_take_subsidies boolean,
               registered_at timestamptz)
language sql stable set enable_seqscan = off as $$
    select u.ord, s.state, s.industry, s.mcc, s.adcode, s.hardship, s.acquirer, s.licence_no, s.lon, s.lat,
           array(select m.code from merchants.shop_group_member m where m.store_id = u.store_id),
           merchants.may_take_subsidies(s.licence_no, p_now), s.registered_at
      from unnest(p_store) with ordinality as u(store_id, ord)
      left join lateral (select * from merchants.store s where s.store_id = u.store_id limit 1) s on true
$$;
