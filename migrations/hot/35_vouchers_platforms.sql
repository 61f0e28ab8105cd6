-- Through whose apps some vouchers came; our own is left out.
create or replace function vouchers.platforms_of(p_cell int, p_voucher uuid[])
returns text[] language sql stable set enable_seqscan = off as $$
    select coalesce(array_agg(distinct v.platform), '{}') from vouchers.voucher v
     where v.cell = p_cell and v.voucher_id = any (p_voucher) and v.platform is not null
$$;
