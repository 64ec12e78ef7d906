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
    Whether all parts were asked for, beside a total that is short of them (is_short): at least half
    of the reporter's other totals are not short, nor are nineteen in twenty of those of the other
    reporters in the file. `kind` are the columns within which totals are compared.
-#}
{% macro all_parts_have_landed(kind) -%}
    {%- set complete = "sum(case when is_short then 0 else 1 end)" -%}
    {%- set own = "over (partition by reporter_code, " ~ kind ~ ")" -%}
    {%- set own_in_file = "over (partition by landed_sequence, reporter_code, " ~ kind ~ ")" -%}
    {%- set file = "over (partition by landed_sequence, " ~ kind ~ ")" -%}
    2 * {{ complete }} {{ own }} >= count(*) {{ own }} - 1
    and 20 * ({{ complete }} {{ file }} - {{ complete }} {{ own_in_file }})
    >= 19 * (count(*) {{ file }} - count(*) {{ own_in_file }})
{%- endmacro %}
