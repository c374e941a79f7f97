# SPDX-License-Identifier: Apache-2.0
# find_package(plait): targets plait::plait_shared and plait::plait_static.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/plait-targets.cmake")
