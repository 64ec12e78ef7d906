{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'audit_product_coverage'}}}
) }}
-- A treatment that loses more than a tenth of a list's products from one year to the next: an
-- excerpt, or codes that the treatment no longer finds. For a person to look at.
select
    this_year.basis,
    this_year.hs_treatment,
    this_year.product_list,
    this_year.year,
    year_before.products_landed as products_landed_before,
    this_year.products_landed
from {{ ref('audit_product_coverage') }} as this_year
inner join
    {{ ref('audit_product_coverage') }} as year_before
    on this_year.basis = year_before.basis
    and this_year.hs_treatment = year_before.hs_treatment
    and this_year.mineral_scope = year_before.mineral_scope
    and this_year.product_list = year_before.product_list
    and this_year.year = year_before.year + 1
where this_year.products_landed < 0.9 * year_before.products_landed
