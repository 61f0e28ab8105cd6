-- Whom an event concerns, and as whom each of them knows the citizen: facts that every payload carries.
create or replace function institutions.concerned(p_cell int, p_citizen uuid, p_institution text[])
returns jsonb language sql stable set enable_seqscan = off as $$
    select jsonb_build_object(
        'institutions', to_jsonb(array(select distinct i from unnest(p_institution) i where i is not null order by 1)),
        'open_ids', coalesce((select jsonb_object_agg(l.institution, l.open_id) from institutions.link l
                               where l.cell = p_cell and l.citizen_id = p_citizen and l.unlinked_at is null
                                 and l.institution = any (p_institution)), '{}'))
$$;
