{#-
    An exhibit on the run's own choice of sources may rest on UN Comtrade for some products and on
    BACI for others: its note says so.

    `publishers_counted` counts the products of a group by publisher, in a select over
    int_low_carbon_trade_grouped. `if_mixed` is an expression for the groups that have both, null
    for the others.
-#}
{% macro publishers_counted() -%}
    count(distinct case when publisher = 'comtrade' then product_code end) as products_of_comtrade,
    count(distinct case when publisher = 'baci' then product_code end) as products_of_baci
{%- endmacro %}

{% macro if_mixed(counted, expression) -%}
    case
        when {{ counted }}.products_of_comtrade > 0 and {{ counted }}.products_of_baci > 0
        then {{ expression }}
    end
{%- endmacro %}

{#- The words of the note, from the row of the seed reasons. -#}
{% macro mixed_sources_noted(counted, reason) -%}
    {{ return(filled(
        reason ~ '.text_en',
        {
            'comtrade': counted ~ '.products_of_comtrade',
            'baci': counted ~ '.products_of_baci',
        }
    )) }}
{%- endmacro %}
