-- Write one outbox event a row. Arrays run in step.
create or replace function plumbing.emit(
    p_cell int, p_kind text, p_event uuid[], p_subject uuid[], p_payload jsonb[], p_now timestamptz
) returns void language sql as $$
    insert into plumbing.outbox (cell, event_id, kind, subject, payload, happened_at)
    select p_cell, e.event_id, p_kind, e.subject, e.payload, p_now
      from unnest(p_event, p_subject, p_payload) as e(event_id, subject, payload)
$$;
