-- The word, if it is among the words; else an error that names them.
create macro one_of(word, words) as
case
    when list_contains(words, word) then word
    else error(word || ' is none of ' || array_to_string(words, ', ') || '.')
end
