-- Table 3 on every trade basis, HS treatment and mineral scope.
{{ summary_statistics(
    ref('panel_country_year_variants'), ['basis', 'hs_treatment', 'mineral_scope']
) }}
