program=$(readlink -f "$(command -v plait)")
folder=$(dirname "$program")
if ldd "$program" | grep -q libasan; then sanitize=-fsanitize=address,undefined; fi
gcc -O1 $sanitize -Iinclude examples/c/many_models.c -L"$folder" -L"$folder/../lib" -lplait -lm \
    -Wl,-rpath,"$folder:$folder/../lib" -o $TMP/many_models
$TMP/many_models examples
