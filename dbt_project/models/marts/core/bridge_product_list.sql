with

    members as (select * from {{ ref('int_product_lists') }}),

    final as (select product_list, mineral_scope, product_code from members)

select *
from final
