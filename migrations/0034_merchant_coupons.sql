-- Whose a merchant's coupon is: the citizen's wallet shows it. Coupons that were sent before are found by their openid.
alter table vouchers.merchant_coupon add column citizen_id uuid;
create index merchant_coupon_of_citizen on vouchers.merchant_coupon (citizen_id, received_at desc);

with named as (
    select c.stock_id, c.code, l.citizen_id
      from vouchers.merchant_coupon c
      join vouchers.merchant_stock s on s.stock_id = c.stock_id
      join institutions.gateway_merchant g on g.dialect = 'v3' and g.number = s.mchid
      left join institutions.v3_openid o on o.institution = g.institution and o.openid = c.openid
      join institutions.link l on l.institution = g.institution
       and l.open_id::text = coalesce(o.open_id::text,
                                      regexp_replace(lower(replace(c.openid, '-', '')),
                                                     '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5'))
)
update vouchers.merchant_coupon c set citizen_id = n.citizen_id
  from named n where n.stock_id = c.stock_id and n.code = c.code;
