-- What a payment needs to know of its store, one row a store in the order given.
create or replace function merchants.store_facts(p_store uuid[])
returns table (ord bigint, state text, industry text, mcc text, adcode text, hardship boolean, acquirer text,
               licence_no text, lon double precision, lat double precision, groups text[])
language sql stable set enable_seqscan = off as $$
    select u.ord, s.state, s.industry, s.mcc, s.adcode, s.hardship, s.acquirer, s.licence_no, s.lon, s.lat,
           array(select m.code from merchants.shop_group_member m where m.store_id = u.store_id)
      from unnest(p_store) with ordinality as u(store_id, ord)
      left join lateral (select * from merchants.store s where s.store_id = u.store_id limit 1) s on true
$$;
