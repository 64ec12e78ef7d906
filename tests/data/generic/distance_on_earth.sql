{#-
    A distance in km is above zero and at most half the longest way around the Earth; missing ones
    pass.
-#}
{% test distance_on_earth(model, column_name) %}

    select {{ column_name }}
    from {{ model }}
    where {{ column_name }} <= 0 or {{ column_name }} >= 20040

{% endtest %}
