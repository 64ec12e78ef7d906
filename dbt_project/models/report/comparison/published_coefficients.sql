with

    published as (select * from {{ ref('published_estimates') }}),

    final as (

        select exhibit, column_number, outcome, term, estimate, stars, t_statistic, n_observations
        from published

    )

select *
from final
