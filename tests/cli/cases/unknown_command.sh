plait rum
