import { type EntryTable, neutrals } from "../check/config-entries.ts";

/** What Hugging Face's library writes into each configuration, whatever the model. */
export const libraryEntries: EntryTable = neutrals(
  ..."_name_or_path architectures auto_map bad_words_ids begin_suppress_tokens bos_token_id chunk_size_feed_forward cross_attention_hidden_size custom_pipelines decoder_start_token_id diversity_penalty do_sample dtype early_stopping encoder_no_repeat_ngram_size eos_token_id exponential_decay_length_penalty finetuning_task forced_bos_token_id forced_eos_token_id id2label initializer_factor initializer_range is_encoder_decoder label2id length_penalty max_length min_length model_type no_repeat_ngram_size num_beam_groups num_beams num_return_sequences output_attentions output_hidden_states output_scores pad_token_id prefix problem_type remove_invalid_values repetition_penalty return_dict return_dict_in_generate sep_token_id suppress_tokens task_specific_params temperature tf_legacy_loss tie_encoder_decoder tie_word_embeddings tokenizer_class top_k top_p torch_dtype torchscript transformers_version typical_p use_bfloat16 use_cache gradient_checkpointing _attn_implementation _attn_implementation_autoset attn_implementation encoder_stride pooler_act pooler_output_size classifier_dropout".split(
    " ",
  ),
);

/** What it writes into the settings of each image processor. Images are always converted to RGB here. */
export const processorEntries: EntryTable = neutrals(
  ..."image_processor_type feature_extractor_type processor_class _processor_class auto_map _valid_processor_keys _valid_kwargs_names data_format input_data_format return_tensors device disable_grouping do_convert_rgb".split(
    " ",
  ),
);
