-- What is left of payments after refunds, in parts too: what analyses and boards count. A refund lowers its payment,
-- whatever day it was on; a refund that is still under way lowers nothing.
create or replace view payments.kept as
select p.cell, p.payment_id, p.citizen_id, p.store_id, p.issuer, p.settlement_date, p.begun_at,
       p.amount_fen - p.refunded_fen as amount_fen,
       p.discount_fen - coalesce(b.discount_fen, 0) as discount_fen,
       p.charged_fen - coalesce(b.charged_fen, 0) as charged_fen
  from payments.payment p
  left join lateral (select sum(r.discount_fen)::bigint as discount_fen, sum(r.charged_fen)::bigint as charged_fen
                       from payments.refund r
                      where p.refunded_fen > 0 and r.cell = p.cell and r.payment_id = p.payment_id
                        and r.state = 'succeeded') b on true
 where p.state in ('succeeded', 'refunding');

create or replace view payments.kept_share as
select s.cell, s.payment_id, s.voucher_id, s.type_id, s.funder_id,
       s.amount_fen - coalesce(b.amount_fen, 0) as amount_fen
  from payments.payment p
  join payments.share s on s.cell = p.cell and s.payment_id = p.payment_id
  left join lateral (select sum(g.amount_fen)::bigint as amount_fen
                       from payments.refund r
                       join payments.refund_share g on g.cell = r.cell and g.refund_id = r.refund_id
                      where p.refunded_fen > 0 and r.cell = s.cell and r.payment_id = s.payment_id
                        and r.state = 'succeeded' and g.voucher_id = s.voucher_id
                        and g.funder_id = s.funder_id) b on true
 where p.state in ('succeeded', 'refunding');
