-- The covariates in the panel's rows, with lag and z-score, long form.
with

    covariates as (select * from {{ ref('int_covariates') }}),
    {{ lagged_and_standardised('covariates', ref('int_panel_rows')) }}

select *
from standardised
