# Installation, the CMake package and the .deb are declared here.
