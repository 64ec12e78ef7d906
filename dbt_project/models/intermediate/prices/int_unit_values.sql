{#-
    Unit values of China's exports and imports, as China reports them by year and by month: value
    over measured weight, in the codes of the time. A code that is a whole product in its revision
    is followed by the product's number through the revisions; any other code is an item of its own
    in each revision, so that nothing before a revision is compared with something else after it.
    BACI has no place here: its quantities are in part estimates (CEPII advises against them).
-#}
with

    annual as (

        select 'annual' as frequency, make_date(year, 1, 1) as period, *
        from {{ ref('int_comtrade_flows_named') }}

    ),

    monthly as (

        select 'monthly' as frequency, make_date(year, month, 1) as period, *
        from {{ ref('int_comtrade_monthly_flows_named') }}

    ),

    flows as (

        {% for relation in ['annual', 'monthly'] %}
            select
                frequency,
                period,
                flow,
                partner_iso3,
                hs_revision,
                hs6_code,
                -- an economy's several codes are one partner
                sum(value_usd) as value_usd,
                {{ sum_of_known_parts('net_weight_kg', '*') }} as net_weight_kg,
                {{ sum_of_known_parts('estimated_weight_kg', '*') }} as estimated_weight_kg
            from {{ relation }}
            where
                reporter_iso3 = 'CHN'
                and partner_kind = 'economy'
                and exporter_iso3 <> importer_iso3
            group by frequency, period, flow, partner_iso3, hs_revision, hs6_code
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}

    ),

    codes as (select * from {{ ref('int_hs_concordance') }} where weight > 0),

    products as (select * from {{ ref('price_products') }}),

    income_groups as (

        select iso3, income_group
        from {{ ref('economy_groups') }}
        where vintage = {{ setting_text('income_vintage') }}

    ),

    final as (

        select
            flows.frequency,
            flows.period,
            flows.flow,
            flows.partner_iso3,
            coalesce(income_groups.income_group, 'Not classified') as partner_group,
            codes.product_code,
            case
                when codes.relation = '1:1'
                then codes.product_code
                else codes.hs_revision || ' ' || codes.hs6_code
            end as item,
            flows.hs_revision,
            flows.hs6_code,
            codes.weight * {{ as_float('flows.value_usd') }} as value_usd,
            codes.weight * {{ as_float('flows.net_weight_kg') }} as net_weight_kg,
            case
                when products.product_code is null
                then 'product_not_judged'
                when not products.is_homogeneous
                then products.reason_code
                when codes.weight < 1
                then 'code_wider_than_product'
                when flows.value_usd <= 0
                then 'no_value'
                when flows.net_weight_kg is null or flows.net_weight_kg <= 0
                then 'no_weight'
                when flows.estimated_weight_kg is null or flows.estimated_weight_kg > 0
                then 'weight_not_measured'
            end as reason_code
        from flows
        inner join
            codes on flows.hs_revision = codes.hs_revision and flows.hs6_code = codes.hs6_code
        left join products on codes.product_code = products.product_code
        left join income_groups on flows.partner_iso3 = income_groups.iso3

    )

select *, case when reason_code is null then value_usd / net_weight_kg end as unit_value
from final
