program=$(readlink -f "$(command -v plait)")
folder=$(dirname "$program")
gcc -O1 -Iinclude examples/many_models.c -L"$folder" -L"$folder/../lib" -lplait -lm -Wl,-rpath,"$folder:$folder/../lib" -o $TMP/many_models
$TMP/many_models examples
