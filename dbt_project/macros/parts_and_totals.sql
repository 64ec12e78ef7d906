{#-
    What a publisher gives in parts beside their total: whether the two differ, and whether all
    parts have landed.
-#}
{#-
    Whether the sum of parts differs from the total by more than rounding: one US dollar, or a
    tenth of a per cent of the total.
-#}
{% macro differ_beyond_rounding(parts, total) -%}
    abs({{ parts }} - {{ total }}) > greatest(1, 0.001 * abs({{ total }}))
{%- endmacro %}

{#-
    Whether, beside a total that is short of parts (is_short), at least half of the other totals
    within `scope` are not. Where more are, only some of the parts were asked for.
-#}
{% macro others_have_all_parts(scope) -%}
    2 * sum(case when is_short then 0 else 1 end) over (partition by {{ scope }})
    >= count(*) over (partition by {{ scope }}) - 1
{%- endmacro %}
