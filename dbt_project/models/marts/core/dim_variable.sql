with

    variables as (select * from {{ ref('variables') }}),

    final as (

        select
            position,
            variable,
            label_en,
            label_zh,
            indicator_code,
            denominator_code,
            transformation,
            unit,
            is_regressor,
            note
        from variables

    )

select *
from final
