# A model behind a condition runs where it holds, and is said not to have run where it does not.
f=tests/models/digits_features_int8.tflite h=tests/models/digits_classifier_int8.tflite
for when in every=1 every=2 threshold=-1 threshold=99 threshold=99,until=-99,index=0 best=0,output=#0; do
    echo "== $when"
    plait run f=$f h=$h --link "f=h,$when" --input f=examples/digit_7.png --top 1 2>&1
done
# What cannot be.
for wrong in every=0 index=-1,threshold=1 until=1 index=1 output=x threshold=1,best=2 threshold=x threshold=nan best= threshold=1,output=x threshold=1,until=2; do
    plait run f=$f h=$h --link "f=h,$wrong" --random-input 2>&1 && echo "passed over: $wrong"
done
