{#-
    UN Comtrade's rows of one frequency in the codes of the lists, of whichever revision: cut out
    before flows are told from their parts. Whether a reporter gives anything in the revision it was
    reported in is a matter of all its rows of the period, so that is said here.
-#}
{% macro comtrade_records_listed(condition, period) -%}
    with

        records as (select * from {{ ref('stg_comtrade__trade_records') }} where {{ condition }}),

        listed_codes as (select distinct hs6_code from {{ ref('int_hs_codes_mapped') }}),

        originals as (

            select distinct {{ period | join(', ') }}, reporter_code, flow_code
            from records
            where is_original_classification

        ),

        final as (

            select records.*, originals.reporter_code is not null as reporter_has_original
            from records
            inner join listed_codes on records.hs6_code = listed_codes.hs6_code
            left join
                originals
                on records.reporter_code = originals.reporter_code
                and records.flow_code = originals.flow_code
                {% for column in period %}
                    and records.{{ column }} = originals.{{ column }}
                {% endfor %}

        )

    select *
    from final
{%- endmacro %}
