-- What an index is made of: each product by itself, and within its technology, sector and mineral.
with

    products as (select * from {{ ref('int_listed_products') }}),

    final as (

        select 'product' as aggregate_kind, product_code as aggregate, product_code
        from products
        -- sectors share names of technologies, such as `other`
        {% for kind, column in [
            ('technology', "sector || '/' || technology"),
            ('sector', 'sector'),
            ('mineral', 'transition_mineral'),
        ] %}
            union all
            select '{{ kind }}' as aggregate_kind, {{ column }} as aggregate, product_code
            from products
            where {{ column }} is not null
        {% endfor %}

    )

select *
from final
