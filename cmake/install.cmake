# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts under the prefix.
include(CMakePackageConfigHelpers)

install(TARGETS plait_static plait_shared EXPORT plait-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
if(TARGET plait_cli)
    install(TARGETS plait_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(FILES docs/plait.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
if(PLAIT_HAS_SERVER)
    configure_file(server/plait-serve.service.in plait-serve.service @ONLY)
    install(FILES "${CMAKE_BINARY_DIR}/plait-serve.service" DESTINATION lib/systemd/system)
endif()

# One shared object holds both APIs: programs that ask for TensorFlow Lite's C library get this one.
install(CODE "file(CREATE_LINK libplait.so
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libtensorflowlite_c.so\" SYMBOLIC)")

# The same headers under both names: tensorflow/lite/... and tflite/...
install(CODE "file(CREATE_LINK tensorflow/lite
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}/compat/tflite\" SYMBOLIC)")

foreach(name plait tensorflowlite_c)
    configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
    install(FILES "${CMAKE_BINARY_DIR}/${name}.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
write_basic_package_version_file(plait-config-version.cmake COMPATIBILITY SameMajorVersion)
install(EXPORT plait-targets NAMESPACE plait:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plait)
install(FILES cmake/plait-config.cmake "${CMAKE_BINARY_DIR}/plait-config-version.cmake"
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plait)
