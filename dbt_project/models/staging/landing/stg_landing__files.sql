-- The files the warehouse is built from, as the landing zone's manifest lists them.
with

    files as (select * from {{ source('raw', 'landed_files') }}),

    final as (

        select
            landed_file,
            source,
            origin = 'demo' as is_synthetic,
            layout,
            hs_revision,
            release,
            row_count,
            byte_count,
            sha256,
            landed_at,
            landed_sequence
        from files

    )

select *
from final
