{#-
    Rows of UN Comtrade's goods answers, typed: the columns of a select, for every table of raw that
    holds such rows.
-#}
{% macro comtrade_records_typed() -%}
    cast(refyear as integer) as year,
    -- 52 stands for a whole year
    try_cast(trim(refmonth) as integer) as month,
    {{ comtrade_code('reportercode') }} as reporter_code,
    {{ comtrade_code('partnercode') }} as partner_code,
    {{ comtrade_code('partner2code') }} as second_partner_code,
    upper(trim(flowcode)) as flow_code,
    upper(trim(typecode)) as type_code,
    upper(trim(freqcode)) as frequency_code,
    upper(trim(classificationcode)) as hs_revision,
    lower(trim(coalesce(isoriginalclassification, 'true'))) = 'true' as is_original_classification,
    -- codes that lost their leading zero on the way have an odd number of digits
    case
        when length(trim(cmdcode)) in (1, 3, 5) then '0' || trim(cmdcode) else trim(cmdcode)
    end as hs6_code,
    upper(trim(customscode)) as customs_code,
    {{ comtrade_code('motcode') }} as transport_mode_code,
    coalesce(nullif(trim(moscode), ''), '0') as supply_mode_code,
    {{ as_money('primaryValue') }} as value_usd,
    {{ as_money('qty') }} as quantity,
    trim(qtyunitcode) as quantity_unit_code,
    {{ comtrade_flag('isqtyestimated') }} as is_quantity_estimated,
    {{ as_money('netWgt') }} as net_weight_kg,
    {{ comtrade_flag('isnetwgtestimated') }} as is_net_weight_estimated
{%- endmacro %}

{#- A numeric code as text, without the blanks and zeros it may have in front. -#}
{% macro comtrade_code(column) -%}
    cast(cast({{ column }} as integer) as {{ dbt.type_string() }})
{%- endmacro %}

{#- A flag as a boolean; not known where it is blank or the file lacks its column. -#}
{% macro comtrade_flag(column) -%}
    case
        when lower(trim({{ column }})) in ('true', '1')
        then true
        when lower(trim({{ column }})) in ('false', '0')
        then false
    end
{%- endmacro %}

{#-
    The part of a typed row's weight that the UN estimated: all of it or none, null where that is
    not known. A weight that is merely the quantity in kilograms (unit 8) is estimated where the
    quantity is, whatever its own flag says.
-#}
{% macro estimated_weight_kg() -%}
    cast(
        net_weight_kg * cast(
            is_net_weight_estimated
            or (quantity_unit_code = '8' and is_quantity_estimated) as integer
        ) as {{ type_money() }}
    )
{%- endmacro %}

{#-
    Whether a typed row is a pinned total: of all second partners, customs procedures and modes of
    transport and supply.
-#}
{% macro is_pinned_total() -%}
    (
        second_partner_code = '0'
        and customs_code = 'C00'
        and transport_mode_code = '0'
        and supply_mode_code = '0'
    )
{%- endmacro %}
