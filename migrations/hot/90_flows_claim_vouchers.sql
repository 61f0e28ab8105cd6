-- One batch of claims, or of grants of one origin, in one transaction: facts, vouchers, ledger, outbox.
-- flows.claim_voucher and flows.grant_vouchers own it. `p_asks`: a round of the batch looks at verified names or cards.
create or replace function flows.claim_vouchers(
    p_cell int, p_cells int, p_now timestamptz, p_citizen uuid[], p_round uuid[], p_type uuid[],
    p_voucher uuid[], p_key uuid[], p_hash uuid[], p_valid_from timestamptz[], p_valid_until timestamptz[],
    p_refused text[], p_origin text default 'grab', p_device uuid[] default null, p_platform text[] default null,
    p_asks boolean default false
) returns table (ord int, outcome text, claim_no bigint, earlier jsonb) language plpgsql as $$
declare
    facts vouchers.citizen_facts[];
    outcomes vouchers.claim_outcome[];
begin
    -- Claims of one cell stand in one line: caps are counted from committed vouchers.
    perform pg_advisory_xact_lock(20001, p_cell);

    select array_agg(row(f.state, f.born_on, f.card_issuers, f.real_name, f.social_card, f.card_bins,
                         f.bank_since)::vouchers.citizen_facts order by f.ord)
      into facts from citizens.facts(p_cell, p_citizen, p_asks) f;

    select array_agg(o) into outcomes
      from vouchers.claim(p_cell, p_cells, p_now, (p_now at time zone 'Asia/Shanghai')::date,
                          p_citizen, facts, p_round, p_type, p_voucher, p_key, p_hash,
                          p_valid_from, p_valid_until, p_refused, p_origin, p_device, p_platform) o;

    perform ledger.post(p_cell, 1, 101, array_agg(o.voucher_id), array_agg(o.voucher_id),
                        array_agg(ledger.account_of(o.type_id::text, 'stock')),
                        array_agg(ledger.account_of(o.type_id::text, 'claimed')),
                        array_agg(o.amount_fen), p_now),
            plumbing.emit(p_cell, 'voucher.claimed', array_agg(o.voucher_id), array_agg(o.voucher_id),
                          array_agg(jsonb_build_object('citizen_id', p_citizen[o.ord], 'type_id', o.type_id,
                                                       'round_id', p_round[o.ord], 'amount_fen', o.amount_fen,
                                                       'origin', p_origin)
                                    || case when p_platform[o.ord] is null then '{}'::jsonb
                                            else institutions.concerned(p_cell, p_citizen[o.ord],
                                                                        array[p_platform[o.ord]]) end),
                          p_now)
       from unnest(outcomes) o where o.outcome = 'claimed' having count(*) > 0;

    return query
    select o.ord, o.outcome, o.claim_no,
           case when o.outcome = 'again' then
               jsonb_build_object('code', 'again', 'voucher_id', o.voucher_id, 'round_id', o.round_id,
                                  'type_id', o.type_id, 'claim_no', o.claim_no, 'amount_fen', o.amount_fen,
                                  'threshold_fen', o.threshold_fen, 'valid_from', o.valid_from,
                                  'valid_until', o.valid_until, 'claim_hash', o.claim_hash)
           end
      from unnest(outcomes) o;
end $$;
