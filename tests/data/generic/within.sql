{#-
    A column's values lie between `low` and `high` (either may be omitted); missing values pass.
-#}
{% test within(model, column_name, low=none, high=none) %}

    select {{ column_name }}
    from {{ model }}
    where
        false
        {% if low is not none %} or {{ column_name }} < {{ low }}{% endif %}
        {% if high is not none %} or {{ column_name }} > {{ high }}{% endif %}

{% endtest %}
