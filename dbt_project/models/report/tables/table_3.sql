-- Summary statistics of the panel, on the run's default basis, treatment and mineral scope.
{{ summary_statistics(ref('panel_country_year')) }}
