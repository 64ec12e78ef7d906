{#-
    What the facts of trade say of a flow, from a relation of int_trade_flows_by_basis: the columns
    of a select.
-#}
{% macro trade_flow_measures(flows) -%}
    {{ flows }}.year,
    {{ flows }}.exporter_iso3,
    {{ flows }}.importer_iso3,
    {{ flows }}.product_code,
    {{ trade_flow_amounts(flows) }},
    {{ flows }}.basis,
    {{ flows }}.hs_treatment,
    {{ flows }}.source,
    {{ flows }}.valuation
{%- endmacro %}

{#- Value, weight and the part of the weight that is estimated, of annual and of monthly flows. -#}
{% macro trade_flow_amounts(flows) -%}
    {{ as_float(flows ~ '.value_usd') }} as value_usd,
    {{ as_float(flows ~ '.net_weight_kg') }} as net_weight_kg,
    {{ share_of(flows ~ '.estimated_weight_kg', flows ~ '.net_weight_kg') }}
    as weight_estimated_share
{%- endmacro %}

{#- UN Comtrade's imports are valued with freight and insurance, its exports without. -#}
{% macro valuation_of(flow) -%}
    case when {{ flow }} = 'import' then 'CIF' else 'FOB' end
{%- endmacro %}
