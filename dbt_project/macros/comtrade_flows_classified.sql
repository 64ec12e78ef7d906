{#-
    UN Comtrade's flows in the listed products, one row per product and treatment. Codes of neither
    list end here (counted in marts.audit_exclusions).
-#}
{% macro comtrade_flows_classified(flows, period) -%}
    with

        flows as (select * from {{ flows }}),

        codes as (select * from {{ ref('int_hs_codes_mapped') }}),

        final as (

            select
                {% for column in period %} flows.{{ column }}, {% endfor %}
                flows.flow,
                flows.reporter_iso3,
                flows.reporter_kind,
                flows.partner_iso3,
                flows.partner_kind,
                flows.exporter_iso3,
                flows.importer_iso3,
                codes.product_code,
                codes.hs_treatment,
                {{ sum_of_product('flows.value_usd') }} as value_usd,
                {{ sum_of_product('flows.net_weight_kg') }} as net_weight_kg,
                {{ as_money(sum_of_known_parts(
                as_money('flows.estimated_weight_kg * codes.weight'), 'flows.net_weight_kg'
            )) }} as estimated_weight_kg
            from flows
            inner join
                codes on flows.hs_revision = codes.hs_revision and flows.hs6_code = codes.hs6_code
            group by
                {% for column in period %} flows.{{ column }}, {% endfor %}
                flows.flow,
                flows.reporter_iso3,
                flows.reporter_kind,
                flows.partner_iso3,
                flows.partner_kind,
                flows.exporter_iso3,
                flows.importer_iso3,
                codes.product_code,
                codes.hs_treatment

        )

    select *
    from final
{%- endmacro %}
