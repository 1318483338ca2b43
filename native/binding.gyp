{
  "variables": {
    "node_rdkafka": "<!(node paths.js node-rdkafka)",
  },
  "targets": [
    {
      "target_name": "batches",
      "sources": ["src/addon.cc", "src/librdkafka.cc", "src/fetch.cc", "src/produce.cc"],
      "include_dirs": [
        "<!(node paths.js nan)",
        "<(node_rdkafka)",
        "<(node_rdkafka)/deps/librdkafka/src",
        "<(node_rdkafka)/deps/librdkafka/src-cpp",
      ],
      "defines": ["NODE_RDKAFKA_VERSION=\"<!(node paths.js version)\""],
      "cflags_cc": ["-std=c++20", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-cast-function-type"],
      "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-std=c++20"]},
    }
  ]
}
