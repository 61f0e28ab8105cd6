-- Whom an event concerns, and as whom each of them knows the citizen: facts that every payload carries.
create or replace function institutions.concerned(p_cell int, p_citizen uuid, p_institution text[])
returns jsonb language sql stable set enable_seqscan = off as $$
    select jsonb_build_object(
        'institutions', to_jsonb(array(select distinct i from unnest(p_institution) i where i is not null order by 1)),
        'open_ids', coalesce((select jsonb_object_agg(l.institution, l.open_id) from institutions.link l
                               where l.cell = p_cell and l.citizen_id = p_citizen and l.unlinked_at is null
                                 and l.institution = any (p_institution)), '{}'))
$$;

-- The institutions that ordered vouchers in the coupon platform's shape: they are told of them by whatever way the
-- vouchers came, also where the voucher itself names no app.
create or replace function institutions.orderers_of(p_voucher uuid[])
returns table (voucher_id uuid, institution text) language sql stable set enable_seqscan = off as $$
    select v.voucher_id, a.institution
      from institutions.coupon_order o
      join institutions.coupon_app a on a.app_id = o.app_id
     cross join lateral unnest(o.voucher_ids) v(voucher_id)
     where o.voucher_ids && p_voucher and v.voucher_id = any (p_voucher)
$$;
