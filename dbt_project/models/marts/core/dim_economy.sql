with

    economies as (select * from {{ ref('economies') }}),

    -- a state of the past keeps the groups of its time: today's vintages do not know it
    groups as (

        select
            iso3,
            false as is_historical,
            region,
            income_group,
            weo_group,
            cast(null as {{ dbt.type_string() }}) as groups_source
        from {{ ref('economy_groups') }}
        where vintage = {{ setting_text('income_vintage') }}
        union all
        select iso3, true as is_historical, region, income_group, weo_group, source as groups_source
        from {{ ref('historical_economy_groups') }}

    ),

    names as (select * from {{ ref('names') }}),

    grouped as (

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
            case
                when economies.is_historical
                then 'historical'
                else {{ setting_text('income_vintage') }}
            end as group_vintage,
            groups.groups_source,
            economies.is_historical
        from economies
        left join
            groups
            on economies.iso3 = groups.iso3
            and economies.is_historical = groups.is_historical

    ),

    final as (

        select
            grouped.iso3,
            grouped.economy_name,
            coalesce(of_economy.name_zh, grouped.economy_name) as economy_name_zh,
            grouped.comtrade_code,
            grouped.region,
            of_region.name_zh as region_zh,
            grouped.income_group,
            of_income_group.name_zh as income_group_zh,
            grouped.country_group,
            of_country_group.name_zh as country_group_zh,
            grouped.weo_group,
            grouped.group_vintage,
            grouped.groups_source,
            grouped.is_historical
        from grouped
        left join
            names as of_economy on of_economy.kind = 'economy' and grouped.iso3 = of_economy.code
        left join
            names as of_region on of_region.kind = 'region' and grouped.region = of_region.code
        left join
            names as of_income_group
            on of_income_group.kind = 'income_group'
            and grouped.income_group = of_income_group.code
        left join
            names as of_country_group
            on of_country_group.kind = 'country_group'
            and grouped.country_group = of_country_group.code

    )

select *
from final
