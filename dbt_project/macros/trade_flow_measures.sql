{#-
    What the facts of trade say of a flow, from a relation of int_trade_flows_by_basis: the columns
    of a select.
-#}
{% macro trade_flow_measures(flows) -%}
    {{ flows }}.year,
    {{ flows }}.exporter_iso3,
    {{ flows }}.importer_iso3,
    {{ flows }}.product_code,
    {{ as_float(flows ~ '.value_usd') }} as value_usd,
    {{ as_float(flows ~ '.net_weight_kg') }} as net_weight_kg,
    {{ share_of(flows ~ '.estimated_weight_kg', flows ~ '.net_weight_kg') }}
    as weight_estimated_share,
    {{ flows }}.basis,
    {{ flows }}.hs_treatment,
    {{ flows }}.source,
    {{ flows }}.valuation
{%- endmacro %}
