-- Tell that a refund has ended: to the issuer, the acquirer and the apps that its vouchers came through. A refund is
-- told once: its event's id is made of the refund's. `p_vouchers` lists what became of each voucher.
create or replace function flows.tell_refund(p_cell int, p_now timestamptz, p_refund uuid, p_vouchers jsonb)
returns void language sql as $$
    select plumbing.emit(p_cell, 'payment.refunded', array[md5(r.refund_id || ':refunded')::uuid], array[p.payment_id],
                         array[jsonb_build_object(
                             'refund_id', r.refund_id, 'refund_no', r.refund_no, 'store_id', p.store_id,
                             'citizen_id', p.citizen_id, 'order_no', p.order_no, 'amount_fen', r.amount_fen,
                             'charged_fen', r.charged_fen, 'discount_fen', r.discount_fen,
                             'refunded_fen', p.refunded_fen, 'payment_amount_fen', p.amount_fen,
                             'state', p.state, 'settlement_date', r.settlement_date, 'vouchers', p_vouchers)
                             || institutions.concerned(p_cell, p.citizen_id, array[p.issuer, p.acquirer]
                                    || vouchers.platforms_of(p_cell, array(
                                           select (v ->> 'voucher_id')::uuid
                                             from jsonb_array_elements(p_vouchers) v)))], p_now)
      from payments.refund r
      join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
     where r.cell = p_cell and r.refund_id = p_refund
$$;
