# SPDX-License-Identifier: Apache-2.0
# Files that go into a program as bytes, read when CMake runs, and again when they change.

# plait_openapi(OUTPUT FILE): openapi.h's text.
function(plait_openapi output file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT "#include \"openapi.h\"
const unsigned char openapi_text[] = {@bytes@};
const size_t openapi_length = sizeof openapi_text;
")
endfunction()

# plait_lean(VARIABLE FILE): a text without comments and indentation, and without blanks that only people need: around
# punctuation of style sheets and operators of scripts. tests/serve/test_page.py checks that no string is changed by it.
function(plait_lean variable file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    string(REGEX REPLACE "\n +" "\n" text "\n${text}")
    string(REGEX REPLACE "\n(//[^\n]*|/\\*[^\n]*\\*/)" "" text "${text}")
    string(REGEX REPLACE "\n\n+" "\n" text "${text}")
    string(SUBSTRING "${text}" 1 -1 text)
    if(file MATCHES "[.]css$")
        string(REGEX REPLACE " ([{}])" "\\1" text "${text}")
        string(REGEX REPLACE "([{:;,]) " "\\1" text "${text}")
    elseif(file MATCHES "[.]js$")
        string(REGEX REPLACE "([;{,]) //[^\n]*" "\\1" text "${text}")
        string(REGEX REPLACE " (=>|===|!==|=|&&|[|][|]|[?][?]|[*]|<|>) " "\\1" text "${text}")
        string(REGEX REPLACE " {\n" "{\n" text "${text}")
    endif()
    set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# plait_page(OUTPUT FILE...): page.h's files. Their type is known by what their names end in, and their tag is a hash.
function(plait_page output)
    set(type_.html "text/html; charset=utf-8")
    set(type_.css "text/css; charset=utf-8")
    set(type_.js "text/javascript; charset=utf-8")
    set(type_.svg "image/svg+xml")
    set(arrays "")
    set(entries "")
    set(number 0)
    foreach(file IN LISTS ARGN)
        get_filename_component(name "${file}" NAME)
        get_filename_component(extension "${file}" LAST_EXT)
        plait_lean(text "${file}")
        string(SHA256 tag "${text}")
        string(HEX "${text}" bytes)
        string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
        string(APPEND arrays "static const unsigned char file_${number}[] = {${bytes}};\n")
        string(APPEND entries "    {\"${name}\", \"${type_${extension}}\", \"\\\"${tag}\\\"\", file_${number}, sizeof file_${number}},\n")
        math(EXPR number "${number} + 1")
    endforeach()
    file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT "#include \"page.h\"
@arrays@const struct page_file page_files[] = {
@entries@};
const size_t page_file_count = sizeof page_files / sizeof page_files[0];
")
endfunction()
