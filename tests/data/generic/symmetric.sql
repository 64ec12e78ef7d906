{#-
    A table of ordered pairs (iso3_o, iso3_d) says the same of a pair in both directions: `columns`
    differ by no more than `relative_tolerance`, are missing in both or in neither, and no pair
    stands in one direction only.
-#}
{% test symmetric(model, columns, relative_tolerance=0) %}

    select there.iso3_o, there.iso3_d
    from {{ model }} as there
    left join {{ model }} as back on there.iso3_o = back.iso3_d and there.iso3_d = back.iso3_o
    where
        back.iso3_o is null
        {% for column in columns %}
            {%- set there = as_float("there." ~ column) %}
            {%- set back = as_float("back." ~ column) %}
            or (there.{{ column }} is null) <> (back.{{ column }} is null)
            or abs({{ there }} - {{ back }}) > {{ relative_tolerance }} * abs({{ there }})
        {% endfor %}

{% endtest %}
