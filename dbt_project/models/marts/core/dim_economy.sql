with

    economies as (select * from {{ ref('economies') }}),

    groups as (

        select *
        from {{ ref('economy_groups') }}
        where vintage = {{ setting_text('income_vintage') }}

    ),

    final as (

        select
            economies.iso3,
            economies.economy_name,
            economies.comtrade_code,
            coalesce(groups.region, 'Not classified') as region,
            coalesce(groups.income_group, 'Not classified') as income_group,
            case
                when economies.iso3 = 'CHN'
                then 'China'
                when groups.weo_group = 'Advanced economies'
                then 'High income'
                else 'Other EMDE'
            end as country_group,
            coalesce(groups.weo_group, 'Not in WEO') as weo_group,
            economies.is_historical
        from economies
        left join groups on economies.iso3 = groups.iso3

    )

select *
from final
