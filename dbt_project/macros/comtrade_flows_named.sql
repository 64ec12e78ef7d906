{#-
    UN Comtrade's flows with their economies: who exported, who imported, and who said so. Group
    reporters, the World and partners that are no economies keep their rows, told apart by
    `reporter_kind` and `partner_kind`.
-#}
{% macro comtrade_flows_named(flows, period) -%}
    with

        flows as (select * from {{ flows }}),

        economy_codes as (select * from {{ ref('comtrade_economy_codes') }}),

        final as (

            select
                {% for column in period %} flows.{{ column }}, {% endfor %}
                case when flows.flow_code = 'M' then 'import' else 'export' end as flow,
                reporters.iso3 as reporter_iso3,
                coalesce(reporters.kind, 'unallocated') as reporter_kind,
                partners.iso3 as partner_iso3,
                coalesce(partners.kind, 'unallocated') as partner_kind,
                case
                    when flows.flow_code = 'M' then partners.iso3 else reporters.iso3
                end as exporter_iso3,
                case
                    when flows.flow_code = 'M' then reporters.iso3 else partners.iso3
                end as importer_iso3,
                flows.hs_revision,
                flows.hs6_code,
                flows.value_usd,
                flows.net_weight_kg,
                flows.estimated_weight_kg
            from flows
            left join economy_codes as reporters on flows.reporter_code = reporters.comtrade_code
            left join economy_codes as partners on flows.partner_code = partners.comtrade_code

        )

    select *
    from final
{%- endmacro %}
