{{ config(meta={'dagster': {'ref': {'name': 'panel_country_year_variants'}}}) }}
-- Trade with zeros counted is trade where there is any, and zero elsewhere.
select iso3, year, basis, hs_treatment, mineral_scope
from {{ ref('panel_country_year_variants') }}
where
    {% for trade in [
        'lct_imports_from_china',
        'lct_exports_to_china',
        'mineral_imports_from_china',
        'mineral_exports_to_china',
    ] -%}
        coalesce({{ trade }}_kusd, 0) <> coalesce({{ trade }}_or_zero_kusd, 0)
        {{- ' or ' if not loop.last }}
    {% endfor %}
