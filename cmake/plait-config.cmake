# SPDX-License-Identifier: Apache-2.0
# find_package(plait): targets plait::plait_shared and plait::plait_static.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/plait-targets.cmake")

# TensorFlow Lite's API: its headers and the same library.
if(NOT TARGET plait::tensorflowlite_c)
    add_library(plait::tensorflowlite_c INTERFACE IMPORTED)
    set_target_properties(plait::tensorflowlite_c PROPERTIES INTERFACE_LINK_LIBRARIES plait::plait_shared)
    get_target_property(plait_include_directories plait::plait_shared INTERFACE_INCLUDE_DIRECTORIES)
    foreach(directory IN LISTS plait_include_directories)
        set_property(TARGET plait::tensorflowlite_c APPEND PROPERTY
            INTERFACE_INCLUDE_DIRECTORIES "${directory}/compat")
    endforeach()
    unset(plait_include_directories)
endif()
