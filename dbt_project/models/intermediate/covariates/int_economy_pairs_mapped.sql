-- Pairs of economies with today's codes; a pair with a side that is not in the list of economies,
-- or of a former code beside its row under today's, carries the reason why it goes no further.
with

    pairs as (select * from {{ ref('stg_cepii__economy_pairs') }}),

    codes as (select * from {{ ref('cepii_economy_codes') }}),

    economies as (select iso3 from {{ ref('economies') }}),

    translated as (

        select
            pairs.*,
            coalesce(origins.iso3, pairs.cepii_code_o) as iso3_o,
            coalesce(destinations.iso3, pairs.cepii_code_d) as iso3_d
        from pairs
        left join codes as origins on pairs.cepii_code_o = origins.cepii_code
        left join codes as destinations on pairs.cepii_code_d = destinations.cepii_code

    ),

    ranked as (

        select
            *,
            row_number() over (
                partition by iso3_o, iso3_d
                order by
                    case when cepii_code_o = iso3_o then 0 else 1 end
                    + case when cepii_code_d = iso3_d then 0 else 1 end,
                    cepii_code_o,
                    cepii_code_d
            ) as preference
        from translated

    ),

    final as (

        select
            ranked.*,
            case
                when origins.iso3 is null or destinations.iso3 is null
                then 'pair_outside_list_of_economies'
                when ranked.preference > 1
                then 'pair_of_former_code'
            end as exclusion_reason
        from ranked
        left join economies as origins on ranked.iso3_o = origins.iso3
        left join economies as destinations on ranked.iso3_d = destinations.iso3

    )

select *
from final
