-- CEPII's GeoDist from the file that landed last, with today's codes of economies.
with

    pairs as (select * from {{ source('cepii', 'cepii_pairs') }}),

    newest as (select max(landed_sequence) as landed_sequence from pairs),

    codes as (select * from {{ ref('cepii_economy_codes') }}),

    economies as (select iso3 from {{ ref('economies') }}),

    translated as (

        select
            pairs.*,
            coalesce(origins.iso3, trim(pairs.iso_o)) as iso3_o,
            coalesce(destinations.iso3, trim(pairs.iso_d)) as iso3_d
        from pairs
        inner join newest on pairs.landed_sequence = newest.landed_sequence
        left join codes as origins on trim(pairs.iso_o) = origins.cepii_code
        left join codes as destinations on trim(pairs.iso_d) = destinations.cepii_code

    ),

    final as (

        select
            pairs.iso3_o,
            pairs.iso3_d,
            pairs.dist as distance_km,
            pairs.distcap as capital_distance_km,
            pairs.distw as weighted_distance_km,
            pairs.distwces as weighted_distance_ces_km,
            cast(pairs.contig as integer) = 1 as is_contiguous,
            cast(pairs.comlang_off as integer) = 1 as has_common_official_language,
            cast(pairs.comlang_ethno as integer) = 1 as has_common_ethnic_language,
            cast(pairs.colony as integer) = 1 as had_colonial_link,
            cast(pairs.comcol as integer) = 1 as has_common_colonizer,
            cast(pairs.curcol as integer) = 1 as has_current_colonial_link,
            cast(pairs.col45 as integer) = 1 as has_colonial_link_since_1945,
            cast(pairs.smctry as integer) = 1 as was_same_country,
            case
                when origins.iso3 is null or destinations.iso3 is null
                then 'origin or destination outside the list of economies'
            end as exclusion_reason,
            pairs.landed_file,
            pairs.landed_row
        from translated as pairs
        left join economies as origins on pairs.iso3_o = origins.iso3
        left join economies as destinations on pairs.iso3_d = destinations.iso3

    )

select *
from final
