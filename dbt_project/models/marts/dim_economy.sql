with

economies as (

    select * from {{ ref('economies') }}

),

income_groups as (

    select * from {{ ref('economy_income_groups') }}
    where vintage = '{{ setting('income_vintage', 'FY24') }}'

),

final as (

    select
        economies.iso3,
        economies.economy_name,
        economies.comtrade_code,
        economies.region,
        coalesce(income_groups.income_group, 'Not classified') as income_group,
        case
            when economies.iso3 = 'CHN' then 'China'
            when economies.weo_group = 'Advanced economies' then 'High income'
            else 'Other EMDE'
        end as country_group,
        economies.weo_group,
        economies.is_historical
    from economies
    left join income_groups
        on economies.iso3 = income_groups.iso3

)

select * from final
