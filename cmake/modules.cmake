# gyre_module(NAME USES modules... LIBRARIES targets...): a static library from src/NAME/*.cpp. Files that are found by
# their place: steps/*.cpp, commands/*.cpp, migrations/*.sql, *_test.cpp. main_*.cpp belong to programs (programs.cmake).
set(GYRE_MODULES "")
set(GYRE_GENERATED ${CMAKE_BINARY_DIR}/generated)

# With GYRE_JOIN eight files of a module are compiled as one: a build from nothing takes half the time, since most of a
# file's time goes into the headers of Asio, Boost.JSON and libtorch. Alone stay files that each declare the same names
# (commands, learners, MLflow's routes), and the modules that the small programs for devices are made of: there an
# object file that is left out counts.
set(GYRE_SMALL_PROGRAMS base media store model edge)
function(gyre_join target)
  string(REPLACE gyre_ "" module ${target})
  if(NOT GYRE_JOIN OR module IN_LIST GYRE_SMALL_PROGRAMS)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  set(alone ${ARGN})
  list(FILTER alone INCLUDE REGEX "/(commands|learners|unsupervised|boosting|line)/|/mlflow_")
  set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

function(gyre_module name)
  cmake_parse_arguments(arg "" "" "USES;LIBRARIES" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp ${dir}/commands/*.cpp)
  file(GLOB_RECURSE deeper CONFIGURE_DEPENDS ${dir}/*/*.cpp)
  list(FILTER deeper EXCLUDE REGEX "/(steps|commands)/")
  list(APPEND sources ${deeper})
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|/main_[a-z_]+|/main)\\.cpp$")
  if(sources)
    add_library(gyre_${name} STATIC ${sources})
    gyre_join(gyre_${name} ${sources})
    set(scope PUBLIC)
  else()
    add_library(gyre_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(gyre_${name} ${scope} ${CMAKE_SOURCE_DIR}/src ${GYRE_GENERATED})
  foreach(module ${arg_USES})
    target_link_libraries(gyre_${name} ${scope} gyre_${module})
  endforeach()
  target_link_libraries(gyre_${name} ${scope} ${arg_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY GYRE_TESTS_${name} ${tests})
  set_property(GLOBAL APPEND PROPERTY GYRE_MODULE_LIST ${name})
endfunction()

# One table out of files found by place. A self-registering static in a static library would silently register nothing.
function(gyre_write path content)
  file(CONFIGURE OUTPUT ${path} CONTENT "${content}" @ONLY)
endfunction()

function(gyre_step_table out)
  set(declarations "")
  set(rows "")
  foreach(file ${ARGN})
    get_filename_component(step ${file} NAME_WE)
    set(program gyre)
    if(file MATCHES "/src/nets/")
      set(program gyre-nets)
    endif()
    string(APPEND declarations "extern const Step step_${step};\n")
    string(APPEND rows "    {&step_${step}, \"${program}\"},\n")
  endforeach()
  gyre_write(${out} "// Written by CMake from src/*/steps/*.cpp.
#include \"base/step.hpp\"
namespace gyre {
${declarations}
std::span<const StepEntry> all_steps() {
  static const std::vector<StepEntry> table = {
${rows}  };
  return table;
}
}  // namespace gyre
")
endfunction()

# all_commands(), all_learners(): one `extern const TYPE type_<file name>` for each file.
function(gyre_declared_table out type header)
  string(TOLOWER ${type} kind)
  set(declarations "")
  set(rows "")
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME_WE)
    string(APPEND declarations "extern const ${type} ${kind}_${name};\n")
    string(APPEND rows "    &${kind}_${name},\n")
  endforeach()
  gyre_write(${out} "// Written by CMake from the folders ${kind}s/.
#include \"${header}\"
namespace gyre {
${declarations}
std::span<const ${type}* const> all_${kind}s() {
  static const std::vector<const ${type}*> table = {
${rows}  };
  return table;
}
}  // namespace gyre
")
endfunction()

function(gyre_migration_table out)
  set(rows "")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} sql)
    string(REGEX MATCH "src/([a-z]+)/migrations/0*([0-9]+)-(.+)\\.sql$" _ ${file})
    if("${CMAKE_MATCH_1}/${CMAKE_MATCH_2}" IN_LIST numbers)
      message(FATAL_ERROR "${file}: the module ${CMAKE_MATCH_1} has another migration of this number")
    endif()
    list(APPEND numbers "${CMAKE_MATCH_1}/${CMAKE_MATCH_2}")
    string(APPEND rows "    {\"${CMAKE_MATCH_1}\", ${CMAKE_MATCH_2}, \"${CMAKE_MATCH_3}\", R\"sql(${sql})sql\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${out} CONTENT "// Written by CMake from src/*/migrations/*.sql.
#include \"store/workspace.hpp\"
namespace gyre {
std::span<const Migration> all_migrations() {
  static const std::vector<Migration> table = {
${rows}  };
  return table;
}
}  // namespace gyre
" @ONLY)
endfunction()

# The files of examples/ that the program carries: examples/line/build.yaml is example("line/build.yaml").
function(gyre_example_table out)
  set(rows "")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/examples ${file})
    string(APPEND rows "  if (name == \"${name}\") return R\"text(${text})text\";\n")
  endforeach()
  file(CONFIGURE OUTPUT ${out} CONTENT "// Written by CMake from examples/*/*.yaml.
#include \"cli/loop/example.hpp\"
namespace gyre {
std::string_view example(std::string_view name) {
${rows}  throw Error(Code::internal, \"no example \" + std::string(name));
}
}  // namespace gyre
" @ONLY)
endfunction()

# The bytes of a file that a module carries, as std::string_view `name`().
function(gyre_bytes out name file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${hex}")
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  file(CONFIGURE OUTPUT ${out} CONTENT "// Written by CMake from ${file}.
#include <string_view>
namespace gyre {
std::string_view ${name}() { return {\"${escaped}\", ${size}}; }
}  // namespace gyre
" @ONLY)
endfunction()
