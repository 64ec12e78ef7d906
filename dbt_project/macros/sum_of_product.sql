{#-
    The sum of an amount over the codes of a product, each with the part of it that belongs to the
    product. Each part is rounded as money is, so that the sum does not depend on the order of rows.
-#}
{% macro sum_of_product(amount) -%}
    {{ as_money('sum(' ~ as_money(amount ~ ' * codes.weight') ~ ')') }}
{%- endmacro %}
